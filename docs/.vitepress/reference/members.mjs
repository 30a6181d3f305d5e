/** The members of a class or an interface that its page shows. */
import { ReflectionKind } from 'typedoc'
import { isDocumented } from './comments.mjs'

/** Methods of blocks that the framework calls: every block has them, and they are described once. */
const CALLED_BY_FRAMEWORK = ['run', 'step']

/** Returns the members that the class declares itself, without what only the framework uses. */
export function ownMembers(reflection, { isBlock, isError }) {
  return (reflection.children ?? []).filter(member => {
    const { name, flags, kind, inheritedFrom } = member
    if (inheritedFrom || flags.isExternal || flags.isPrivate || name === 'className') return false
    // The library makes its errors; users catch them.
    if (isError && (kind === ReflectionKind.Constructor || name === 'code' || name === 'name')) return false
    if (isBlock && CALLED_BY_FRAMEWORK.includes(name) && !isDocumented(commentOf(member))) return false
    // Documented where it is declared first.
    return !(member.overwrites && !isDocumented(commentOf(member)))
  })
}

/** The comment of a member, or of its first signature that has one. */
export function commentOf(member) {
  if (isDocumented(member.comment)) return member.comment
  const signatures = [...(member.signatures ?? []), member.getSignature, member.setSignature].filter(Boolean)
  const { declaration } = member.type ?? {}
  return [...signatures, ...(declaration?.signatures ?? [])].find(({ comment }) => isDocumented(comment))?.comment
}
