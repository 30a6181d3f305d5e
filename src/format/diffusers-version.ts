/** The release of diffusers whose formats Tesserae writes: files say which it is, so that later releases know how to read them. */
export const DIFFUSERS_VERSION = '0.42.1'
