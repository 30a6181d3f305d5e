/** What processors make of pictures, and what files are read as, is what Python makes of them. */

import { expectWarnings } from '../../expected-warnings'
import { testGoldens } from '../../testing/goldens/test-goldens'
import { useBackend } from '../models/use-backend'

expectWarnings('IMAGE_RANGE')

useBackend('cpu')
testGoldens('images')
