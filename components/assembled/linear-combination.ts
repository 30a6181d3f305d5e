/** The WebAssembly of `assembly/linear-combination.as.ts`, in base64: written by `npm run assemble`, not by hand. */
export const bytes = [
  'AGFzbQEAAAABCgFgBn99f31/fwACDwEDZW52Bm1lbW9yeQIAAAMCAQAHEwIGYWRkVHdvAAAGbWVtb3J5AgAKVwFVAgF/AnsgAf0TIQcgA/0TIQ',
  'ggBUECdCEFA0AgBSAGSwRAIAAgBmogByACIAZq/QAEAP3mASAIIAQgBmr9AAQA/eYB/eQB/QsEACAGQRBqIQYMAQsLCw==',
].join('')
