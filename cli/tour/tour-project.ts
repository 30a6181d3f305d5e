/** `tesserae tour --out FOLDER`: the programs of the tour as a project of their own. */
import { join } from 'node:path'
import { packageFolder } from '../package-folder'
import { writeTemplate } from '../write-template'
import { tourSteps } from './tour-steps'

/** The folder with the programs, and what makes a project of them. */
export const TOUR_TEMPLATE = join(packageFolder, 'templates', 'tour')

/**
 * Files with another name in the project. npm leaves .gitignore out of a package. A package.json beside the programs would hide the name of this
 * package from them.
 */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore', 'manifest.json': 'package.json' }

/**
 * Writes the programs with their package.json, tsconfig.json and README into a new folder, as a whole or not at all, and prints how to run them.
 * @throws UnwritableFileError for a folder that is not empty, or that may not be written
 */
export async function writeTourProject(out: string): Promise<void> {
  const folder = await writeTemplate(TOUR_TEMPLATE, out, { nameOf: nameInProject })
  const [first] = tourSteps
  console.log(
    `${folder}\n\nNext:\n  cd ${JSON.stringify(out)}\n  npm install --ignore-scripts\n  npx tsx ${first?.name}.ts`,
  )
}

/** The name of a file of the template in the project. There, package.json makes modules of the programs. */
function nameInProject(file: string): string {
  return RENAMED[file] ?? file.replace(/\.mts$/, '.ts')
}
