/** The style of pictures as SVG. */
import { FONT_SIZE } from './font-size'

/** Colours on a light and on a dark ground. */
const COLOURS = {
  ground: ['#ffffff', '#0d1117'],
  text: ['#1f2328', '#e6edf3'],
  quiet: ['#59636e', '#9198a1'],
  leaf: ['#ffffff', '#161b22'],
  leafLine: ['#8c959f', '#6e7681'],
  sequential: ['#f6f8fa', '#11161d'],
  sequentialLine: ['#d0d7de', '#3d444d'],
  loop: ['#fff8e6', '#221b0b'],
  loopLine: ['#bf8700', '#bb8009'],
  choice: ['#f3effc', '#1a1530'],
  choiceLine: ['#8250df', '#a371f7'],
  chip: ['#ddf4ff', '#0c2d4d'],
  chipText: ['#0550ae', '#a5d6ff'],
  missing: ['#cf222e', '#ff7b72'],
  missingGround: ['#ffebe9', '#3c1618'],
  edge: ['#6e7781', '#8b949e'],
} as const
type Colour = keyof typeof COLOURS

/** Style rules with the colours of one ground: light or dark. */
function rules(ground: 0 | 1): string {
  const colour = (name: Colour) => COLOURS[name][ground]
  const fill = (selector: string, name: Colour) => `${selector}{fill:${colour(name)}}`
  const box = (name: string, ground: Colour, line: Colour) => `.${name}{fill:${colour(ground)};stroke:${colour(line)}}`
  return [
    fill('.ground', 'ground'),
    fill('.title,.port-text', 'text'),
    fill('.class,.note,.label', 'quiet'),
    fill('.condition', 'choiceLine'),
    fill('.chip-text', 'chipText'),
    fill('.chip', 'chip'),
    fill('.missing,.red-text', 'missing'),
    box('leaf', 'leaf', 'leafLine'),
    box('sequential', 'sequential', 'sequentialLine'),
    box('loop', 'loop', 'loopLine'),
    box('choice', 'choice', 'choiceLine'),
    `.branch{stroke:${colour('choiceLine')}}`,
    box('port', 'chip', 'chipText'),
    box('unsatisfied', 'missingGround', 'missing'),
    fill('.label-ground', 'ground'),
    `.edge{stroke:${colour('edge')}}`,
    `.red{stroke:${colour('missing')}}`,
    fill('.head', 'edge'),
    fill('.red-head', 'missing'),
  ].join('\n')
}

/** Style rules of all grounds. */
const SHAPES = [
  'text{font-family:Inter,"Segoe UI","Helvetica Neue",Arial,"DejaVu Sans",sans-serif}',
  `.title{font-size:${FONT_SIZE.title}px;font-weight:600}`,
  `.class,.condition,.note,.missing,.port-text{font-size:${FONT_SIZE.small}px}`,
  '.condition{font-style:italic}',
  '.chip-text,.label,.port-text{text-anchor:middle}',
  `.chip-text{font-size:${FONT_SIZE.chip}px}`,
  `.label{font-size:${FONT_SIZE.label}px}`,
  '.edge{fill:none;stroke-width:1.2}',
  '.carried{stroke-dasharray:5 3}',
  '.branch{stroke-dasharray:6 4;stroke-width:1.4}',
  '.idle{opacity:.4}',
].join('\n')

/** The whole style: the colours follow the reader's light or dark setting. Pages that take the style out of a picture use it as their own. */
export function svgStyle(): string {
  return `${SHAPES}\n${rules(0)}\n@media (prefers-color-scheme: dark){\n${rules(1)}\n}`
}
