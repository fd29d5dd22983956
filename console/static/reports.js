// Draws the tables that ask for it: the numbers are the table's own, which stays one key away.
const { Chart } = window
const colour = name => getComputedStyle(document.body).getPropertyValue(name)
const seconds = value => value >= 3600 ? `${plain.format(value / 3600)} h` : value >= 60 ? `${Math.round(value / 60)} min` : `${value} s`
const locale = document.getElementById('main').dataset.numbers
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 })
const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
const SHOWN = { duration: seconds, percent: value => plain.format(value) + (locale.startsWith('es') ? ' %' : '%') }
const charts = []

// Canvas does not understand light-dark() and color-mix(): an element does, and says what came of it.
function solid (value) {
  const probe = document.createElement('span')
  probe.style.color = value
  document.body.append(probe)
  const seen = getComputedStyle(probe).color
  probe.remove()
  return seen
}

function read (section) {
  const table = section.querySelector('table')
  const heads = [...table.tHead.rows[0].cells]
  const rows = [...table.tBodies[0].rows]
  const labels = rows.map(row => row.cells[0].textContent)
  const all = heads.slice(1).map((head, at) => ({
    label: head.textContent,
    kind: head.dataset.kind,
    data: rows.map(row => row.cells[at + 1].dataset.value === '' ? null : Number(row.cells[at + 1].dataset.value)),
    shown: rows.map(row => row.cells[at + 1].textContent)
  }))
  // Bars of one unit only: how many there were stands in the table.
  const series = all.filter(each => each.kind === all[0].kind)
  return { labels, series }
}

function draw (section) {
  const kind = section.dataset.chart
  const { labels, series } = read(section)
  const inks = [solid(colour('--accent')), solid(`color-mix(in oklab, ${colour('--accent')} 45%, ${colour('--surface')})`), solid(colour('--b60p'))]
  const ink = solid(colour('--ink-2'))
  const line = solid(colour('--line'))
  const isAcross = kind === 'bar' && labels.length <= 12 && labels.some(label => label.length > 8)
  const scale = { grid: { color: line }, border: { color: line }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 12 } }
  const unit = SHOWN[series[0].kind]
  const values = { ...scale, beginAtZero: true, stacked: kind === 'stack', ticks: { ...scale.ticks, ...(series[0].kind === 'count' ? { precision: 0 } : {}), ...(unit ? { callback: unit } : {}), ...(series[0].kind === 'money' ? { callback: value => compact.format(value / section.dataset.unit) } : {}) } }
  const names = { ...scale, stacked: kind === 'stack', grid: { display: false } }
  return new Chart(section.querySelector('canvas'), {
    type: kind === 'line' ? 'line' : 'bar',
    data: {
      labels,
      datasets: series.map((each, at) => ({
        label: each.label,
        data: each.data,
        borderColor: inks[at % inks.length],
        backgroundColor: inks[at % inks.length],
        borderWidth: kind === 'line' ? 2 : 0,
        borderDash: kind === 'line' && at ? [4, 4] : [],
        pointRadius: labels.length > 45 ? 0 : 2.5,
        borderRadius: 3,
        maxBarThickness: 34
      }))
    },
    options: {
      locale,
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      indexAxis: isAcross ? 'y' : 'x',
      interaction: { mode: 'index', intersect: false },
      plugins: {
        legend: { display: series.length > 1, align: 'start', labels: { color: ink, boxWidth: 14, boxHeight: 8 } },
        tooltip: { callbacks: { label: ({ datasetIndex, dataIndex }) => `${series[datasetIndex].label}: ${series[datasetIndex].shown[dataIndex]}` } }
      },
      scales: isAcross ? { x: values, y: names } : { x: names, y: values }
    }
  })
}

function redraw () {
  for (const chart of charts.splice(0)) chart.destroy()
  for (const section of document.querySelectorAll('[data-chart]')) {
    if (section.querySelector('.drawing:not([hidden])')) charts.push(draw(section))
  }
}

for (const button of document.querySelectorAll('[data-as-table]')) {
  const section = button.closest('[data-chart]')
  const [drawing, table] = [section.querySelector('.drawing'), section.querySelector('.scroll')]
  button.hidden = drawing.hidden = false
  table.hidden = true
  button.addEventListener('click', () => {
    table.hidden = !table.hidden
    drawing.hidden = !table.hidden
    button.setAttribute('aria-pressed', String(!table.hidden))
    redraw()
  })
}
redraw()
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw)
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ['data-theme'] })
