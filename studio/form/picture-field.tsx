/** A picture among the inputs: chosen, dropped or pasted; a mask may be painted. */
import { useRef, useState } from 'preact/hooks'
import { words } from '../text'
import type { FieldProps } from './field'
import { form } from './form-state'
import { MaskPainter } from './mask-painter'
import { dataUrl, pastedPicture, source } from './picture-data'

/** The control. */
export function PictureField({ name, value, onChange }: FieldProps) {
  const [isOver, setOver] = useState(false)
  const [problem, setProblem] = useState('')
  const file = useRef<HTMLInputElement>(null)
  const base = form.value.inputs['image']
  const isMask = name === 'maskImage' && typeof base === 'string'

  const take = async (found: Blob | null | undefined) => {
    if (!found) return
    if (!found.type.startsWith('image/')) {
      setProblem('This is not a picture.')
      return
    }
    setProblem('')
    onChange(await dataUrl(found))
  }

  const paste = (event: ClipboardEvent) => {
    const found = pastedPicture(event)
    if (!found) return
    event.preventDefault()
    event.stopPropagation()
    void take(found)
  }

  if (isMask)
    return <MaskPainter picture={base} mask={typeof value === 'string' ? value : undefined} onChange={onChange} />
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it takes drops and pastes; its buttons do the same for keyboards
    <div
      class={`drop${isOver ? ' is-over' : ''}`}
      onDragOver={event => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault()
        setOver(false)
        void take(event.dataTransfer?.files[0])
      }}
      onPaste={paste}
    >
      {typeof value === 'string' && <img src={source(value)} alt={`The ${words(name).toLowerCase()}`} />}
      {value === undefined && <p class="quiet">Drop a picture here, paste it, or choose a file.</p>}
      <div class="buttons">
        <button type="button" onClick={() => file.current?.click()}>
          {value === undefined ? 'Choose' : 'Replace'}
          <span class="hidden"> {words(name).toLowerCase()}</span>
        </button>
        {value !== undefined && (
          <button type="button" onClick={() => onChange(undefined)}>
            Remove<span class="hidden"> {words(name).toLowerCase()}</span>
          </button>
        )}
      </div>
      <input
        ref={file}
        class="hidden"
        type="file"
        accept="image/*"
        tabIndex={-1}
        aria-label={`File of the ${words(name).toLowerCase()}`}
        onChange={event => {
          void take(event.currentTarget.files?.[0])
          event.currentTarget.value = ''
        }}
      />
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  )
}
