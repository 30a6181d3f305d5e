import { stateDictName } from '../../../components/nn/state-dict-name'

test.each([
  ['downBlocks', 'down_blocks'],
  ['timeEmbProj', 'time_emb_proj'],
  ['addKProj', 'add_k_proj'],
  ['qProj', 'q_proj'],
  ['norm1', 'norm1'],
  ['layerNorm1', 'layer_norm1'],
  ['linear_1', 'linear_1'],
])('the field %s is %s in a state dict', (field, name) => {
  expect(stateDictName(field)).toBe(name)
})
