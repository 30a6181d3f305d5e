export {
  noFiles as detectComponentClass,
  noFiles as readUnchangedComponents,
  noFiles as statIfThere,
} from '../no-files'
