/** Everything a user imports: `import { … } from 'tesserae'`. */
export * from './blocks'
export * from './components'
export * from './src'
