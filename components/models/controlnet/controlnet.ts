/** The base class of ControlNets, with all of them known to it: `ControlNet.fromPretrained` chooses the class that a file names. */
import { ControlNet } from './controlnet-base'
import { ControlNetModel } from './controlnet-model'
import { ControlNetUnionModel } from './controlnet-union-model'
import { MultiControlNetModel } from './multi-controlnet-model'

ControlNet.register(ControlNetModel, ControlNetUnionModel, MultiControlNetModel)

export * from './controlnet-base'
