import { DEFAULT_LIMIT as GREP_LIMIT } from '../grep-files.ts';
import { DEFAULT_DEPTH, DEFAULT_LIMIT as LIST_LIMIT } from '../list-dir.ts';
import { DEFAULT_LIMIT as READ_LIMIT } from '../read-file.ts';
import { boolean, described, functionSpec, number, text } from './schema.ts';

export const readFileSpec = functionSpec({
  name: 'read_file',
  description:
    'Read a text file, or a stretch of it. Each line comes as `L<number>: text`; that prefix is not in the file. Up to `limit` lines are given; if the file goes on, a last line says so and where to continue.',
  required: ['file_path'],
  properties: {
    file_path: described(text, 'Absolute path.'),
    offset: described(number, 'First line, from 1.'),
    limit: described(number, `How many lines (${READ_LIMIT} if absent).`),
  },
});

export const grepFilesSpec = functionSpec({
  name: 'grep_files',
  description:
    'Find files that contain a match for a regular expression. Gives paths only, last changed first; ignored, hidden and binary files are skipped. To see the matching lines, run rg.',
  required: ['pattern'],
  properties: {
    pattern: described(text, 'Regular expression, ripgrep syntax.'),
    include: described(text, 'Only files matching this glob, such as *.ts.'),
    path: described(text, 'Where to look; default: the working directory.'),
    limit: described(number, `At most this many paths (${GREP_LIMIT} if absent).`),
  },
});

export const listDirSpec = functionSpec({
  name: 'list_dir',
  description:
    'List a directory as an indented tree: / marks a directory, @ a link. Gives one page of entries and says if there are more.',
  required: ['dir_path'],
  properties: {
    dir_path: described(text, 'Absolute path.'),
    offset: described(number, 'First entry, from 1.'),
    limit: described(number, `Entries in the page (${LIST_LIMIT} if absent).`),
    depth: described(number, `Levels to go down (${DEFAULT_DEPTH} if absent).`),
  },
});

export const editFileSpec = functionSpec({
  name: 'edit_file',
  description:
    'Replace one exact piece of text in a file, or create the file when `old_string` is empty and it does not exist. `old_string` has to occur exactly once, white space included; add lines around it until it does, or set `replace_all`.',
  required: ['file_path', 'old_string', 'new_string'],
  properties: { file_path: text, old_string: text, new_string: text, replace_all: boolean },
});

export const viewImageSpec = functionSpec({
  name: 'view_image',
  description: 'Look at an image file (PNG, JPEG, GIF, WebP).',
  required: ['path'],
  properties: { path: text },
});

export const updatePlanSpec = functionSpec({
  name: 'update_plan',
  description: 'Show the user your plan: send all steps every time, at most one in_progress.',
  required: ['plan'],
  properties: {
    plan: {
      type: 'array',
      items: {
        type: 'object',
        required: ['step', 'status'],
        properties: { step: text, status: described(text, 'pending, in_progress or completed') },
        additionalProperties: false,
      },
    },
    explanation: text,
  },
});
