// Numbers as a visitor reads them.

/** @param {number} share 0 to 1 */
export const percent = (share) => `${Math.round(share * 100)}%`;

/** @param {number} bytes */
export const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** @param {number} bytes */
export const fileSize = (bytes) => {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${megabytes(bytes)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
};

/** @param {number} ms */
export const seconds = (ms) => (ms < 950 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`);

/** @param {number} value */
export const loss = (value) => (value < 0.0005 ? '< 0.001' : value.toFixed(3));

/** @param {number} ms where less than one matters */
export const milliseconds = (ms) => `${Number(ms.toPrecision(2))} ms`;
