/** The base class of autoencoders, with all of them known to it: `Autoencoder.fromPretrained` chooses the class that a file names. */
import { AutoencoderKL } from '../autoencoder-kl/autoencoder-kl'
import { AutoencoderTiny } from '../autoencoder-tiny/autoencoder-tiny'
import { Autoencoder } from './autoencoder-base'

Autoencoder.register(AutoencoderKL, AutoencoderTiny)

export * from './autoencoder-base'
export type { AutoencoderConfig } from './autoencoder-config'
export type { TilingMode } from './call-plan'
export type { TilingOptions } from './tiling-options'
