/** The compiled `assembly/layer.ts`; `kernel.mjs` puts it into the bundle. */
declare module '*/layer.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
