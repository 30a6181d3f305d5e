/** VitePress's own theme in the colours of the project, with its picture on the home page. */
import DefaultTheme from 'vitepress/theme-without-fonts'
import { h } from 'vue'
import emoji from '../../images/emoji.png'
import './style.css'

const alt =
  'a red apple, a blue apple, a green car, a purple cat, a rocket, an octopus and six more, drawn by the bundled model'

export default {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, { 'home-hero-image': () => h('img', { class: 'image-src', src: emoji, alt }) }),
}
