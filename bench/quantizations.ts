/**
 * Draws the same pictures with the bundled model in float32 and with each quantization, and prints a table of time, memory and PSNR:
 * `node dist/bench/quantizations.js`. The pictures are those of the documentation.
 */
import { drawQuantized, qualityOf } from './quantized-pictures'

/** Draws with each quantization. @returns a table in Markdown */
async function compareQuantizations(): Promise<string> {
  const floats = await drawQuantized(undefined)
  const rows = [floats]
  for (const kind of ['int8', 'int8wo', 'int4'] as const) rows.push(await drawQuantized(kind))
  const lines = rows.map(row => {
    const { kind, seconds, bytes } = row
    const { mean, worst } = qualityOf(row, floats)
    const quality = kind ? [`${mean.toFixed(1)} dB`, `${worst.toFixed(1)} dB`] : ['–', '–']
    const cells = [kind ?? 'float32', `${seconds.toFixed(2)} s`, `${(bytes / 2 ** 20).toFixed(1)} MiB`, ...quality]
    return `| ${cells.join(' | ')} |`
  })
  const head = ['| weights | a picture | memory of the weights | PSNR, mean | worst |', '|---|---|---|---|---|']
  return [...head, ...lines].join('\n')
}

compareQuantizations().then(console.log)
