/** Everything a user imports: `import { … } from 'tesserae'`. */
export * from './src'
