/** Events of a run as plain JSON: no live state, and pictures by URL. */
import type {
  BlockEndEvent,
  BlockStartEvent,
  LoopStartEvent,
  LoopStepEvent,
  PipelineEvent,
  PreviewEvent,
  RunEndEvent,
  RunStartEvent,
  WarningEvent,
} from '../runtime/events'
import { type PlacePicture, toWirePicture, type WirePicture } from './place-picture'

/** How many iterations a loop will have; `null` if it does not say. */
interface WireTotal {
  readonly total: number | null
}

/** Any event of a run as JSON, told apart by `type`. */
export type WireEvent =
  | RunStartEvent
  | BlockStartEvent
  | Omit<BlockEndEvent, 'outputs'>
  | (Omit<LoopStartEvent, 'total'> & WireTotal)
  | (Omit<LoopStepEvent, 'total' | 'variables' | 'state'> & WireTotal)
  | (Omit<PreviewEvent, 'total' | 'images'> & WireTotal & { readonly images: readonly WirePicture[] })
  | WarningEvent
  | RunEndEvent

/**
 * Returns an event as plain JSON. Call it inside the listener, and let the listener return the promise: the pictures of a preview are made before it
 * resolves.
 *
 * ```ts
 * await pipe(inputs, { onEvent: async event => send(await eventToWire(event, image => store(image))) })
 * ```
 *
 * @param place stores a picture of a preview and returns its URL. Without it, previews have no pictures, and none are made.
 */
export async function eventToWire(event: PipelineEvent, place?: PlacePicture): Promise<WireEvent> {
  switch (event.type) {
    case 'loopStart':
    case 'loopStep': {
      const { type, path, step, total = null } = event
      return { type, path, step, total }
    }
    case 'blockEnd': {
      const { type, path, block, duration } = event
      return { type, path, block, duration }
    }
    case 'preview': {
      const { type, path, step, total = null } = event
      return { type, path, step, total, images: place ? await placePreviews(event, place) : [] }
    }
    default:
      return { ...event }
  }
}

async function placePreviews({ images, path, step }: PreviewEvent, place: PlacePicture): Promise<WirePicture[]> {
  const placed: WirePicture[] = []
  for (const [index, image] of (await images()).entries()) {
    placed.push(await toWirePicture(image, { kind: 'preview', name: path.join('.'), index, step }, place))
  }
  return placed
}
