/** The base class of guiders, with all of them known to it: `BaseGuidance.fromConfig` chooses the class that a config names. */
import { ClassifierFreeGuidance } from './classifier-free-guidance'
import { BaseGuidance } from './guider-base'

BaseGuidance.register(ClassifierFreeGuidance)

export * from './guider-base'
