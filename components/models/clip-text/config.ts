/** The config of CLIP's text model. Counterpart: transformers models/clip/configuration_clip.py (CLIPTextConfig). */
import { z } from 'zod'
import { toCamelCase } from '../../../src/format/wire-names'
import { type ConfigSource, isSetting, parseConfig, type RawConfig } from '../../configs/parse-config'
import { warnOfUnreadKeys } from '../../configs/unread-keys'
import { MOST_LAYERS } from '../most-layers'

const size = z.int().positive()
const token = z.int().nonnegative()

/** All settings, with the reference's defaults but for the sizes that make one model differ from another: those are needed. */
const schema = z
  .object({
    vocabSize: size,
    hiddenSize: size,
    intermediateSize: size,
    numHiddenLayers: size.max(MOST_LAYERS),
    numAttentionHeads: size,
    maxPositionEmbeddings: size,
    /** Width of the pooled output of CLIPTextModelWithProjection. */
    projectionDim: size.default(512),
    hiddenAct: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
    layerNormEps: z.number().positive().default(1e-5),
    /** Whether pipelines hide the filler tokens from the model: diffusers reads this setting, transformers only keeps it. */
    useAttentionMask: z.boolean().default(false),
    bosTokenId: token.nullable().default(49406),
    /** The pooled output is taken at the first such token; 2 stands for the highest id, as old configs have it. */
    eosTokenId: token.default(49407),
    padTokenId: token.nullable().default(1),
  })
  .superRefine((config, context) => {
    if (config.hiddenSize % config.numAttentionHeads !== 0) {
      const message = `${config.numAttentionHeads} does not divide hidden_size (${config.hiddenSize})`
      context.addIssue({ code: 'custom', path: ['numAttentionHeads'], message, input: config.numAttentionHeads })
    }
  })

/** The config of a CLIP text model, complete and checked. */
export type CLIPTextConfig = Readonly<z.output<typeof schema>>

/** Keys of transformers' configs that are about training, generation of text, labels, or the form of results. */
const WITHOUT_EFFECT = new Set(
  `activation_dropout add_cross_attention architectures attention_dropout attn_implementation bad_words_ids begin_suppress_tokens chunk_size_feed_forward
    cross_attention_hidden_size decoder_start_token_id diversity_penalty do_sample dropout dtype early_stopping encoder_no_repeat_ngram_size
    exponential_decay_length_penalty finetuning_task forced_bos_token_id forced_eos_token_id gradient_checkpointing id2label initializer_factor
    initializer_range is_decoder is_encoder_decoder label2id length_penalty max_length min_length model_type no_repeat_ngram_size num_beam_groups num_beams
    num_return_sequences output_attentions output_hidden_states output_scores prefix problem_type remove_invalid_values repetition_penalty return_dict
    return_dict_in_generate sep_token_id suppress_tokens task_specific_params temperature tf_legacy_loss tie_encoder_decoder tie_word_embeddings
    tokenizer_class top_k top_p torch_dtype torchscript transformers_version typical_p use_bfloat16 use_cache`
    .split(/\s+/)
    .map(toCamelCase),
)

/** Keys of the config of a whole CLIP model that are about its other parts. */
const OF_OTHER_PARTS = new Set(
  [
    'text_config',
    'text_config_dict',
    'vision_config',
    'vision_config_dict',
    'projection_dim',
    'logit_scale_init_value',
  ].map(toCamelCase),
)

/** Checks a config and completes it. Of the config of a whole CLIP model, it takes the part of the text model. @throws ConfigError */
export function parseCLIPTextConfig(config: RawConfig, source: ConfigSource): CLIPTextConfig {
  const part = config['text_config'] ?? config['textConfig']
  const isWhole = typeof part === 'object' && part !== null
  if (isWhole) {
    const unread = Object.keys(config).filter(key => {
      const name = toCamelCase(key)
      return isSetting(key, config[key]) && !OF_OTHER_PARTS.has(name) && !WITHOUT_EFFECT.has(name)
    })
    warnOfUnreadKeys(unread, config, source)
  }
  return parseConfig(schema, isWhole ? (part as RawConfig) : config, { ...source, withoutEffect: WITHOUT_EFFECT })
}
