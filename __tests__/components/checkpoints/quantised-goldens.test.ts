/** Files of blocks and of 8-bit floats hold the numbers that the reference reads from them. */
import { testGoldens } from '../../testing/goldens/test-goldens'

testGoldens('quantised')
