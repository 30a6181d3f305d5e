/** VitePress's own theme in the colours of the project, with its picture on the home page. */
import { useData } from 'vitepress'
import DefaultTheme from 'vitepress/theme-without-fonts'
import { h, nextTick, onMounted, watch } from 'vue'
import emoji from '../../images/emoji.png'
import './style.css'

const alt =
  'a red apple, a blue apple, a green car, a purple cat, a rocket, an octopus and six more, drawn by the bundled model'

/** The theme's home page has no `<main>`: its content gets the role. */
function markMain() {
  const { frontmatter } = useData()
  const mark = () => {
    const content = document.getElementById('VPContent')
    if (frontmatter.value['layout'] === 'home') content?.setAttribute('role', 'main')
    else content?.removeAttribute('role')
  }
  onMounted(mark)
  watch(frontmatter, () => nextTick(mark))
}

export default {
  extends: DefaultTheme,
  setup: markMain,
  Layout: () =>
    h(DefaultTheme.Layout, null, { 'home-hero-image': () => h('img', { class: 'image-src', src: emoji, alt }) }),
}
