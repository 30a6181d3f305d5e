/** Which of the text encoders of a file is meant. */
import type { FromSingleFileOptions } from '../../../src/params/component-class'
import type { SingleFileComponent } from '../../single-file/file-kind'

/** Returns the text encoder that the options name by its folder in the diffusers layout, otherwise the usual one of a class. */
export function textPart(
  { subfolder }: FromSingleFileOptions = {},
  usual: 'text_encoder' | 'text_encoder_2',
): SingleFileComponent {
  return subfolder === 'text_encoder' || subfolder === 'text_encoder_2' ? subfolder : usual
}
