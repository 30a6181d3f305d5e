/** The pictures that were drawn, with their settings; two of them can be compared. */
import { signal } from '@preact/signals'
import { forget, jobs, type StudioJob, select, selectedId } from '../run/jobs'
import { isOver } from '../run/run-state'
import type { PictureInfo } from '../server/types'
import { Compare } from './compare'
import { Picture } from './picture'
import { titleOf } from './settings'

/** A picture with its job. */
export interface GalleryPicture {
  readonly job: StudioJob
  readonly picture: PictureInfo
  readonly index: number
}

/** Addresses of pictures to compare: two at most. */
const compared = signal<readonly string[]>([])

/** The gallery. */
export function Gallery() {
  const all = jobs.value.flatMap(job =>
    job.run.value.pictures.map((picture, index): GalleryPicture => ({ job, picture, index })),
  )
  const chosen = compared.value.flatMap(url => all.find(({ picture }) => picture.url === url) ?? [])
  return (
    <section class="panel gallery" aria-labelledby="gallery-title">
      <h2 id="gallery-title">Gallery</h2>
      {jobs.value.length === 0 && <p class="quiet">Pictures that you draw are collected here.</p>}
      <ul class="cards">
        {jobs.value.map(job => (
          <Card key={job.id} job={job} />
        ))}
      </ul>
      {chosen.length === 1 && (
        <p class="quiet" role="status">
          Choose another picture to compare.
        </p>
      )}
      {chosen.length === 2 && (
        <Compare
          pictures={chosen}
          onClose={() => {
            compared.value = []
          }}
        />
      )}
    </section>
  )
}

function Card({ job }: { readonly job: StudioJob }) {
  const { status, pictures, previews } = job.run.value
  const title = titleOf(job)
  const isSelected = selectedId.value === job.id
  const shown = pictures.length > 0 ? pictures : previews
  return (
    <li class={`card is-${status}`}>
      <button
        type="button"
        class="card-face"
        aria-current={isSelected ? 'true' : undefined}
        onClick={() => select(job.id)}
      >
        {shown.length === 0 && <span class="blank">{status}</span>}
        {shown.slice(0, 4).map((picture, i) => (
          <Picture
            key={picture.url}
            picture={picture}
            alt={`${title}, ${pictures.length > 0 ? 'picture' : 'preview'} ${i + 1}`}
          />
        ))}
        <span class="card-title">{title}</span>
      </button>
      <div class="buttons">
        {pictures.map((picture, i) => (
          <label class="check" key={picture.url}>
            <input
              type="checkbox"
              checked={compared.value.includes(picture.url)}
              onChange={() => toggle(picture.url)}
            />
            Compare
            <span class="hidden">
              {' '}
              {title}, picture {i + 1}
            </span>
          </label>
        ))}
        {isOver(job.run.value) && (
          <button type="button" onClick={() => forget(job.id)}>
            Remove<span class="hidden"> {title}</span>
          </button>
        )}
      </div>
    </li>
  )
}

function toggle(url: string): void {
  const { value } = compared
  compared.value = value.includes(url) ? value.filter(each => each !== url) : [...value.slice(-1), url]
}
