/** Shows the studio. */
import { render } from 'preact'
import { App } from './app'
import './styles/studio.css'
import './styles/graph.css'
import './styles/gallery.css'

const place = document.getElementById('studio')
if (place) render(<App />, place)
