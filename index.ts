/** Everything a user imports: `import { … } from 'tesserae'`. */
import { provideModule } from './src/custom-blocks/outside-modules'

export * from './blocks'
export * from './components'
export * from './src'

// Code of a model's folder that asks for `tesserae` is given this very copy.
provideModule('tesserae', () => require('./index') as object)
