/** The kernels compiled from `assembly/`; `kernel.mjs` puts them into the bundle. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
