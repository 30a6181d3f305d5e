/** How a field of a module is called in a checkpoint: PyTorch's names are the fields' names in snake_case. */

/**
 * `timeEmbProj` → `time_emb_proj`, `addKProj` → `add_k_proj`, `norm1` → `norm1`. Digits stay where they are, because PyTorch
 * modules use both forms: a part called `linear_1` there is a field `linear_1` here.
 */
export function stateDictName(field: string): string {
  return field.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase()
}
