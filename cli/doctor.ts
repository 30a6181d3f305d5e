/** `tesserae doctor`: what this machine can compute on. */
import { gpuAdvice } from '../components/backends/gpu-advice'
import { findGpuFacts } from '../components/backends/gpu-facts'
import { type BackendProbe, probeBackends } from '../components/backends/probe-backends'
import { type ProviderProbe, probeProviders } from '../components/executors/graph/probe-providers'
import { selectExecutor } from '../components/executors/select-executor'
import { colors } from './colors'

/** Tries every backend and prints what works, what does not and why, and how to add a GPU. */
export async function doctor({ json = false }: { json?: boolean }): Promise<void> {
  if (!json && process.stderr.isTTY) console.error('Trying each backend in a process of its own …')
  const providers = await probeProviders()
  const probes = await probeBackends()
  const advice = gpuAdvice(probes, await findGpuFacts())
  if (json) {
    console.log(
      JSON.stringify(
        {
          node: process.version,
          platform: `${process.platform} ${process.arch}`,
          executors: providers,
          backends: probes,
          advice,
        },
        null,
        2,
      ),
    )
    return
  }
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}\n`)
  console.log('Models as graphs, on ONNX Runtime (--executor graph --provider …):')
  for (const provider of providers) console.log(describeProvider(provider))
  console.log('\nModels kernel by kernel, on TensorFlow.js (--executor eager --backend …):')
  for (const probe of probes) console.log(describeProbe(probe))
  const { executor } = await selectExecutor()
  console.log(`\nBy default, tesserae computes on ${colors.bold(executor.backend)} (${executor.device}).`)
  if (advice.length > 0) console.log(`\nA GPU:\n${advice.map(line => `  ${line}`).join('\n')}`)
}

function describeProvider({ name, works, reason, device, version, gflops = 0, products }: ProviderProbe): string {
  if (!works) return `${name.padEnd(10)} ${colors.red('no')}     ${reason ?? ''}`
  const speed = `about ${gflops.toFixed(gflops < 10 ? 1 : 0)} GFLOP/s`
  return `${name.padEnd(10)} ${colors.green('works')}  ${device}, ${version}, ${speed}${products ? describeProducts(products) : ''}`
}

/** The speeds that `--quantization auto` chooses by. */
function describeProducts({ float32, int8, int4 }: NonNullable<ProviderProbe['products']>): string {
  const [floats, eight, four] = [float32, int8, int4].map(speed => speed.toFixed(0))
  const speeds = `products about ${floats} GFLOP/s in float32, ${eight} in 8 bits (--quantization int8), ${four} with weights of 4 bits (int4)`
  return `\n${' '.repeat(18)}${speeds}`
}

function describeProbe({ name, works, reason, caveat, device, version, ms, gflops }: BackendProbe): string {
  const mark = works ? colors.green('works') : colors.red('no')
  if (!works) return `${name.padEnd(10)} ${mark}     ${reason ?? ''}`
  const speed = gflops === undefined ? '' : `, about ${gflops.toFixed(gflops < 10 ? 1 : 0)} GFLOP/s`
  return `${name.padEnd(10)} ${mark}  ${device ?? ''}, ${version ?? ''}${speed}, ready in ${Math.round(ms ?? 0)} ms${caveat ? `\n${' '.repeat(18)}${caveat}` : ''}`
}
