/** The whole style of a transcript: light and dark, wide, narrow and on paper. Nothing in it is loaded from elsewhere. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfaf8;--card:#fff;--ink:#23262b;--dim:#6b7078;--line:#e4e1da;--soft:#f3f1ec;
--accent:#2b6a8f;--user:#eaf1f5;--add:#e5f3e6;--add-ink:#1e5c2b;--del:#fbe9e7;--del-ink:#8a2a20;--hunk:#6a5aa0;
--good:#2f7a44;--bad:#b23b2e;--warn:#8a6a14;--s1:#bccdd8;--s2:#5f93b4;--s3:#d08a4a}
@media (prefers-color-scheme:dark){:root{--bg:#17191c;--card:#1e2125;--ink:#dcdfe3;--dim:#969ca5;--line:#31353b;
--soft:#25292e;--accent:#82b8d8;--user:#20303a;--add:#1b3122;--add-ink:#a5d8b0;--del:#3b2220;--del-ink:#f0b0a8;
--hunk:#b0a3e0;--good:#7cc48f;--bad:#ef8f82;--warn:#d9b65c;--s1:#3f5564;--s2:#6da3c6;--s3:#dd9c60}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header,main,footer{max-width:54rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:3rem}footer{padding-bottom:4rem;color:var(--dim);font-size:.85rem}
h1{font-size:1.6rem;line-height:1.25;font-weight:650;margin:0 0 1rem;overflow-wrap:anywhere}
h2{font-size:1rem;font-weight:650;margin:0;color:var(--dim)}
h3{font-size:.95rem;font-weight:600;margin:1.6rem 0 .4rem}
h4,h5,h6{font-size:1rem;margin:1.2em 0 .4em}
a{color:var(--accent)}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:0 0 1.5rem;font-size:.9rem}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
pre,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86em}
pre{margin:.6rem 0;padding:.75rem .9rem;background:var(--soft);border-radius:6px;overflow-x:auto;line-height:1.5;
tab-size:4;unicode-bidi:plaintext}
code{background:var(--soft);border-radius:4px;padding:.1em .3em;overflow-wrap:anywhere}
pre code{background:none;padding:0;font-size:1em}
figure{margin:0 0 1.5rem;padding:1rem 1.1rem;background:var(--card);border:1px solid var(--line);border-radius:10px}
figcaption{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.85rem;color:var(--dim);margin-bottom:.6rem}
figcaption b{color:var(--ink);font-weight:600;margin-right:auto}
.key::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:2px;margin-right:.4em;background:var(--s2)}
.key.s1::before{background:var(--s1)}.key.s3::before{background:var(--s3)}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--dim);font:11px system-ui,sans-serif}
svg .grid{stroke:var(--line);stroke-width:1}
svg .s1{fill:var(--s1)}svg .s2{fill:var(--s2)}svg .s3{fill:var(--s3)}svg a:hover rect{opacity:.75}
table{border-collapse:collapse;font-size:.88rem;margin:.6rem 0;display:block;overflow-x:auto;max-width:100%}
th,td{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--dim)}td.n,th.n{text-align:right}
.turn{margin:2.5rem 0;padding-top:1.1rem;border-top:1px solid var(--line)}
.taken>*:not(h2){opacity:.55}.turn>h2 span{font-weight:400;color:var(--warn)}
.turn>h2{display:flex;flex-wrap:wrap;gap:0 .9rem;align-items:baseline;margin-bottom:1rem}
.turn>h2 a{color:inherit;text-decoration:none}.turn>h2 time{font-weight:400;font-size:.85rem}
.user{background:var(--user);border-radius:10px;padding:.8rem 1.1rem;margin:0 0 1.2rem;white-space:pre-wrap;
overflow-wrap:anywhere;unicode-bidi:plaintext}
.user img{display:block;max-width:100%;border-radius:6px;margin-top:.6rem}
.agent{margin:1rem 0;overflow-wrap:anywhere}
.agent>:first-child{margin-top:0}.agent>:last-child{margin-bottom:0}
.agent blockquote{margin:.8em 0;padding-left:1em;border-left:3px solid var(--line);color:var(--dim)}
.plain{white-space:pre-wrap;unicode-bidi:plaintext}
details{margin:.5rem 0;border:1px solid var(--line);border-radius:8px;background:var(--card)}
summary{cursor:pointer;padding:.4rem .8rem;display:flex;gap:.8rem;align-items:baseline;list-style:none}
summary::-webkit-details-marker{display:none}
summary::before{content:"›";color:var(--dim);flex:none;transition:transform .15s}
details[open]>summary::before{transform:rotate(90deg)}
summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
summary .what{flex:1;min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
summary .how{flex:none;color:var(--dim);font-size:.82rem}
details>*:not(summary){margin-left:.8rem;margin-right:.8rem}
details pre{max-height:32rem;overflow:auto}
.thought,.context{border-color:transparent;background:none}
.thought>summary,.context>summary{padding-left:0;color:var(--dim);font-size:.9rem}
.thought>*:not(summary){color:var(--dim);margin-left:1.1rem}
.bad>summary .how{color:var(--bad)}.ok>summary .how{color:var(--good)}.declined>summary .how{color:var(--warn)}
pre.diff{padding:.5rem 0}
pre.diff span{display:block;padding:0 .9rem;min-width:max-content}
.diff .add{background:var(--add);color:var(--add-ink)}.diff .del{background:var(--del);color:var(--del-ink)}
.diff .hunk{color:var(--hunk)}
.plan{margin:1rem 0;padding:.8rem 1.1rem;border:1px solid var(--line);border-radius:8px;background:var(--card)}
.plan b{font-weight:600;font-size:.9rem}.plan ol{margin:.4rem 0 0;padding-left:1.4rem}
.plan .completed{color:var(--dim)}.plan .completed::marker{content:"✓  ";color:var(--good)}
.plan .in_progress::marker{content:"→  ";color:var(--accent)}.plan .pending::marker{content:"○  ";color:var(--dim)}
.plan .in_progress{font-weight:600}
.compacted{margin:1.5rem 0;border-style:dashed}
.note{color:var(--dim);font-style:italic;margin:1rem 0;overflow-wrap:anywhere}
.failure{color:var(--bad);background:var(--del);border-radius:8px;padding:.5rem .9rem;margin:.8rem 0;white-space:pre-wrap;
overflow-wrap:anywhere}
.review{margin:1rem 0;padding:.8rem 1.1rem;border-left:3px solid var(--accent);background:var(--card);white-space:pre-wrap;
overflow-wrap:anywhere}
.end{color:var(--dim);font-size:.82rem;margin-top:1.2rem}.end.failed,.end.interrupted{color:var(--bad)}
@media (max-width:40rem){body{font-size:15px}header{padding-top:1.5rem}header,main,footer{padding-left:.9rem;padding-right:.9rem}
dl.facts{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}h1{font-size:1.3rem}summary{flex-wrap:wrap;gap:.1rem .6rem}
svg{overflow:visible}svg text{font-size:20px}
summary .how{flex-basis:100%;padding-left:1.1rem}summary .what{flex-basis:80%}}
@media print{:root{--bg:#fff;--card:#fff}svg text{font-size:11px}body{font-size:10.5pt}.turn{break-before:auto}pre{white-space:pre-wrap;overflow:visible}
details pre{max-height:none}details::details-content{content-visibility:visible;block-size:auto}.user,figure,.plan{break-inside:avoid}}
`;
