/** Draws one graph in a thread of its own: placing its boxes takes about a second, in which the server would answer nobody. */
import { parentPort, workerData } from 'node:worker_threads'
import { type DescribedSvg, placeAndWrite } from '../../src/picture/svg'

placeAndWrite(workerData as DescribedSvg).then(svg => parentPort?.postMessage(svg))
