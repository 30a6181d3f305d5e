/** The files of components: what is in them, and whether somebody changes them while they are read. */
export { isSingleFile } from '../hub/single-file-source'
export { detectComponentClass } from '../storage/detect-component-class'
export { readUnchangedComponents } from '../storage/read-unchanged-components'
