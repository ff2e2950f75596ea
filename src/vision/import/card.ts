import type { Manifest } from '../manifest.js';

/** What is known of an imported model, and the lines that only those who trained it can fill in, marked with `…`. */
export function modelCard(manifest: Manifest, sizeBytes: number): string {
  const { name, version, description, labels, goodLabel, input, preprocessing, output, variants, defaultVariant } =
    manifest;
  const variant = variants[defaultVariant];
  const { scale, mean, std, order, resize, kernel, fill } = preprocessing;
  const pixels =
    input.type === 'uint8' ? 'pixels as they are' : `(pixel * ${scale} - ${mean.join(', ')}) / ${std.join(', ')}`;
  const colors = input.channels === 1 ? 'grey' : `colour, ${order === 'rgb' ? 'red' : 'blue'} first`;
  const weights = variant?.parameters === null ? '' : `${variant?.parameters.toLocaleString('en-US')} parameters, `;
  return `# ${name} ${version}

${description}. In place of each … belongs what only those know who trained the model.

What it judges, for which part, at which point of the line: …

| | |
|---|---|
| input | ${input.type} ${input.width} x ${input.height}, ${colors}, layout ${input.layout}; ${resize}, kernel ${kernel}${resize === 'letterbox' ? `, bars of grey ${fill}` : ''}; ${pixels} |
| output | ${output.activation} over ${labels.join(', ')}${output.map === null ? '' : `; class-activation map ${output.map.rows} x ${output.map.columns}`} |
| good label | ${goodLabel ?? 'none: it only tells defects apart'} |
| size | ${weights}${sizeBytes.toLocaleString('en-US')} bytes |
| origin | ${variant?.description ?? ''} |
| SHA-256 | \`${variant?.sha256 ?? ''}\` |

## Data and terms

Weights: ${manifest.license}. Data: ${manifest.dataSource}.

Where the pictures come from, which camera, lens and light, who may use them: …

## Split

How training and validation pictures were kept apart (parts, batches, days; near-duplicates on one side), and how many
there are of each class: …

## Figures

Accuracy, escapes and false rejects on the validation pictures:

\`\`\`
jidoka eval models/${name}/${version} VALIDATION
\`\`\`

…

## Limits

Parts, surfaces, lighting and defects that it has not seen, and what it does with them: …

## How to reproduce

Framework, code and seed: …
`;
}
