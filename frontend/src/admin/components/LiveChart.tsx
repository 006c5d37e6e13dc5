//! A chart of the last minutes, drawn by uPlot and fed a point at a time.

import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';

export interface Series {
  label: string;
  color: string;
}

interface Props {
  /** Accessible name. */
  label: string;
  series: Series[];
  /** Columns: times in Unix seconds, then one column per series. */
  data: number[][];
  format: (value: number) => string;
  height?: number;
}

export function LiveChart({ label, series, data, format, height = 220 }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const dark = useComputedColorScheme('light') === 'dark';
  // Labels rarely change; as text they make a dependency that compares by value.
  const shape = JSON.stringify(series);

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const ink = dark ? '#9aa4b2' : '#5b6573';
    const grid = { stroke: dark ? '#23282e' : '#e9ecef', width: 1 };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { y: false },
        // One line needs no legend: the card's title says what it is.
        legend: { show: series.length > 1, live: false },
        scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.15)] } },
        axes: [
          { stroke: ink, grid, ticks: grid, values: '{HH}:{mm}:{ss}', space: 90 },
          { stroke: ink, grid, ticks: grid, size: 90, values: (_, splits) => splits.map((value) => (value === 0 ? '0' : format(value))) },
        ],
        series: [
          {},
          ...(JSON.parse(shape) as Series[]).map(({ label: name, color }) => ({
            label: name,
            stroke: color,
            fill: `${color}22`,
            width: 2,
            points: { show: false },
          })),
        ],
      },
      [[], ...series.map(() => [])] as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [dark, height, shape]);

  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData);
  }, [data, dark, height, shape]);

  return <div ref={host} role="img" aria-label={label} />;
}
