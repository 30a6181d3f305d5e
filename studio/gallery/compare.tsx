/** Two pictures side by side, with the settings that differ. */
import { useEffect, useRef } from 'preact/hooks'
import { words } from '../text'
import type { GalleryPicture } from './gallery'
import { Picture } from './picture'
import { settingsOf, titleOf } from './settings'

interface CompareProps {
  readonly pictures: readonly GalleryPicture[]
  onClose(): void
}

/** The dialog. */
export function Compare({ pictures, onClose }: CompareProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const settings = pictures.map(({ job }) => new Map(settingsOf(job)))
  const names = [...new Set(settings.flatMap(each => [...each.keys()]))]
  const differing = names.filter(name => new Set(settings.map(each => each.get(name))).size > 1)
  return (
    <dialog ref={dialog} class="compare" aria-labelledby="compare-title" onClose={onClose}>
      <h2 id="compare-title">Compare</h2>
      <div class="side-by-side">
        {pictures.map(({ job, picture, index }) => (
          <figure key={picture.url}>
            <Picture picture={picture} alt={`${titleOf(job)}, picture ${index + 1}`} />
          </figure>
        ))}
      </div>
      {differing.length === 0 && <p class="quiet">The settings are the same.</p>}
      {differing.length > 0 && (
        <table>
          <caption>Settings that differ</caption>
          <tbody>
            {differing.map(name => (
              <tr key={name}>
                <th scope="row">{words(name)}</th>
                {settings.map((each, i) => (
                  <td key={String(i)}>{each.get(name) ?? 'default'}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  )
}
