/**
 * Names of browsers that the declarations of TensorFlow.js use. A program for Node that checks the declarations of its packages lists this file in place
 * of `lib` "dom": `"types": ["node", "tesserae/without-dom"]`. Interfaces join those of the same name that other packages declare.
 */
interface AddEventListenerOptions {
  readonly __name?: 'AddEventListenerOptions'
}
interface EventInit {
  readonly __name?: 'EventInit'
}
interface HTMLImageElement {
  readonly __name?: 'HTMLImageElement'
}
interface HTMLSourceElement {
  readonly __name?: 'HTMLSourceElement'
}
interface IDBFactory {
  readonly __name?: 'IDBFactory'
}
interface ImageBitmap {
  readonly __name?: 'ImageBitmap'
}
interface ImageData {
  readonly __name?: 'ImageData'
}
interface Storage {
  readonly __name?: 'Storage'
}
interface VideoFrame {
  readonly __name?: 'VideoFrame'
}
interface WebGLContextAttributes {
  readonly __name?: 'WebGLContextAttributes'
}
interface WebGLTexture {
  readonly __name?: 'WebGLTexture'
}
type BufferSource = ArrayBuffer | ArrayBufferView
type EventListenerOrEventListenerObject = (event: Event) => void
type PredefinedColorSpace = string
