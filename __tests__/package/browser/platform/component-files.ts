export {
  noFiles as detectComponentClass,
  noFiles as readUnchangedComponents,
  noFiles as isSingleFile,
} from '../no-files'
