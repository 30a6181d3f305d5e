/** Finds the file of a LoRA. Counterpart: loaders/lora_base.py (_best_guess_weight_name) */
import { type AdapterPlace, findAdapterFile } from '../find-adapter-file'
import { LoraError } from './lora-error'

/** Where a LoRA lies. The usual name of its file is `pytorch_lora_weights.safetensors`. */
export type LoraPlace = AdapterPlace

/**
 * Returns the path of a LoRA's file, fetched if it is in a repository.
 *
 * @throws LoraError if there is no such file, or the folder holds several; PickleCheckpointError if only a pickle exists; what fetching throws
 */
export function findLoraFile(source: string | URL, place: LoraPlace = {}): Promise<string> {
  return findAdapterFile(source, place, {
    usualName: 'pytorch_lora_weights.safetensors',
    refuse: (path, detail) => new LoraError(path, 'no-file', detail),
  })
}
