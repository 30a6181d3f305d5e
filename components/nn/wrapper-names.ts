/** Names that wrappers of PyTorch put into the keys of a state dict that is saved through them. */

/** Of torch.compile, of fully sharded models and of activation checkpoints, at any depth. */
const INSIDE = /(?<=^|\.)(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g

/** Of DataParallel and DistributedDataParallel, at the top. */
const AT_TOP = /^(?:module\.)+/

/** A key without the names of wrappers: `_orig_mod.conv_in.weight` → `conv_in.weight`. The same if it has none. */
export function unwrapKey(key: string): string {
  return key.replace(INSIDE, '').replace(AT_TOP, '')
}
