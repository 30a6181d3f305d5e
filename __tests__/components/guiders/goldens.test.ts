/** Every recorded combination of predictions. */
import { testGoldens } from '../../testing/goldens/test-goldens'
import { useBackend } from '../models/use-backend'

useBackend('cpu')
testGoldens('guiders')
