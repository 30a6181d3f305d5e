/** What processors make of pictures, and what files are read as, is what Python makes of them. */
import { testGoldens } from '../../testing/goldens/test-goldens'
import { useBackend } from '../models/use-backend'

useBackend('cpu')
testGoldens('images')
