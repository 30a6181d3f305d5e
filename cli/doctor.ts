/** `tesserae doctor`: what this machine can compute on. */
import colors from 'picocolors'
import { gpuAdvice } from '../components/backends/gpu-advice'
import { findGpuFacts } from '../components/backends/gpu-facts'
import { type BackendProbe, probeBackends } from '../components/backends/probe-backends'

/** Tries every backend and prints what works, what does not and why, and how to add a GPU. */
export async function doctor({ json = false }: { json?: boolean }): Promise<void> {
  if (!json && process.stderr.isTTY) console.error('Trying each backend in a process of its own …')
  const probes = await probeBackends()
  const advice = gpuAdvice(probes, await findGpuFacts())
  if (json) {
    console.log(
      JSON.stringify(
        { node: process.version, platform: `${process.platform} ${process.arch}`, backends: probes, advice },
        null,
        2,
      ),
    )
    return
  }
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`)
  for (const probe of probes) console.log(describeProbe(probe))
  const used = probes.find(probe => probe.works && !probe.caveat) ?? probes.find(probe => probe.works)
  console.log(used ? `\nWithout --backend, tesserae uses ${colors.bold(used.name)}.` : '\nNo backend works here.')
  if (advice.length > 0) console.log(`\nA GPU:\n${advice.map(line => `  ${line}`).join('\n')}`)
  if (used === undefined) process.exitCode = 1
}

function describeProbe({ name, works, reason, caveat, device, version, ms, gflops }: BackendProbe): string {
  const mark = works ? colors.green('works') : colors.red('no')
  if (!works) return `${name.padEnd(10)} ${mark}     ${reason ?? ''}`
  const speed = gflops === undefined ? '' : `, about ${gflops.toFixed(gflops < 10 ? 1 : 0)} GFLOP/s`
  return `${name.padEnd(10)} ${mark}  ${device ?? ''}, ${version ?? ''}${speed}, ready in ${Math.round(ms ?? 0)} ms${caveat ? `\n${' '.repeat(18)}${caveat}` : ''}`
}
