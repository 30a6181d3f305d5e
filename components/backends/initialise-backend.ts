/** Starts a backend of tfjs in a way that tells why it failed. */
import * as tf from '../tensors/tf'

/**
 * Makes the backend that is registered with tfjs as `name`, unless it was made before. Left to itself, tfjs prints why it
 * could not make a backend and says no more than `false`; here the error is thrown.
 *
 * @param around Called with the function that makes the backend, where more must be done around it.
 */
export async function initialiseBackend(
  name: string,
  around: (create: () => Promise<tf.KernelBackend>) => Promise<tf.KernelBackend> = create => create(),
): Promise<void> {
  if (name in tf.engine().registry) return
  const factory = tf.findBackendFactory(name)
  const backend = await around(async () => factory())
  tf.removeBackend(name)
  tf.registerBackend(name, () => backend)
}
