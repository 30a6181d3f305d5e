/** The steps of the tour: what each shows, and where to read on. The programs are in `templates/tour`. */

/** A step of the tour. */
export interface TourStep {
  /** Name of its program without the extension, e.g. `1-draw-a-picture`. */
  readonly name: string
  readonly title: string
  /** What the program shows: a few sentences. */
  readonly text: string
  /** Files that the program writes, in the order in which they are shown. */
  readonly files: readonly string[]
  /** Pages of the documentation that say more: what the reader wants to do → path in the package. */
  readonly readOn: Readonly<Record<string, string>>
}

export const tourSteps: readonly TourStep[] = [
  {
    name: '1-draw-a-picture',
    title: 'Draw a picture',
    text: 'A pipeline is a tree of blocks with the components that they need: models, a tokenizer, a scheduler. This one uses the small model in the package. The same seed always draws the same picture.',
    files: ['1-draw-a-picture.png'],
    readOn: {
      'draw with your own checkpoint': 'docs/guides/load-models.md',
      'change a picture': 'docs/guides/image-to-image.md',
    },
  },
  {
    name: '2-look-inside',
    title: 'Look inside',
    text: 'Blocks declare what they take and return, so a pipeline can describe and draw itself. Events report what a run is doing: which block has ended, which step of a loop is done.',
    files: ['2-look-inside.svg', '2-look-inside.png'],
    readOn: {
      'describe and draw pipelines': 'docs/guides/pictures.md',
      'measure time and memory': 'docs/operate/telemetry.md',
    },
  },
  {
    name: '3-swap-parts',
    title: 'Swap the scheduler and the guider',
    text: 'The scheduler decides how much noise each step removes, and the guider how closely a step follows the prompt. Both can be replaced at any time. The three pictures have the same seed.',
    files: ['3-swap-parts.png'],
    readOn: {
      'choose a scheduler': 'docs/guides/schedulers.md',
      'choose a guider': 'docs/guides/guiders.md',
    },
  },
  {
    name: '4-write-a-block',
    title: 'Write a block',
    text: 'A block is a class. Its decorated fields declare what it takes and returns, and run() computes. The first block adds one. The second block changes every picture: the red apple becomes blue.',
    files: ['4-write-a-block.png'],
    readOn: {
      'write, swap and combine blocks': 'docs/guides/blocks.md',
      'test a block': 'docs/guides/testing.md',
      'publish a block': 'docs/guides/custom-blocks.md',
    },
  },
  {
    name: '5-write-a-loop',
    title: 'Write a loop, cancel a run and resume it',
    text: 'A loop runs its blocks as often as its run() says. This one makes a pattern of a picture. The run is cancelled halfway, saved to a file, and finished from that file.',
    files: ['5-write-a-loop.png'],
    readOn: {
      'cancel and resume': 'docs/guides/cancel-and-resume.md',
      'answer requests over HTTP': 'docs/operate/serving.md',
    },
  },
]
