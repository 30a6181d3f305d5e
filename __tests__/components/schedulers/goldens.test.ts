/** Every recorded run of the schedulers, and the beta schedules. */
import { testGoldens } from '../../testing/goldens/test-goldens'
import { useBackend } from '../models/use-backend'

useBackend('cpu')
testGoldens('schedulers')
