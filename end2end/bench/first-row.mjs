// How long until a browser that has never been here shows the first row of the list of services, and how many bytes
// were sent to it until then. Prints one line of JSON. Run by `cargo xtask bench`.
//
// The page itself tells when: Playwright looks for an element after 20, 70, 170 and 270 ms and then only every half second,
// so what its waiting measures are those steps. The clock is this process's, from the command to go there until the page has
// told, so that the browser's own work is in it; starting the browser is not.
import { chromium } from 'playwright-core';

const url = process.argv[2];
const browser = await chromium.launch({
  executablePath: process.env.SIGNALBOX_CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage({ extraHTTPHeaders: { authorization: process.env.SIGNALBOX_AUTHORIZATION } });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  let bytes = 0;
  cdp.on('Network.dataReceived', (event) => (bytes += event.encodedDataLength));
  cdp.on('Network.responseReceived', (event) => (bytes += event.response.encodedDataLength));
  // the browser itself is warm; what is measured is the page
  await page.goto('about:blank');
  let told;
  const shown = new Promise((resolve) => (told = resolve));
  await page.exposeFunction('tellFirstRow', () => told(performance.now()));
  await page.addInitScript(() => {
    // a browser asks for frames once nothing blocks rendering any more; the frame after the one that has the row in it is
    // asked for when that one has been drawn
    const look = () => {
      const row = document.querySelector('table.services tbody tr');
      requestAnimationFrame(row !== null && row.getClientRects().length > 0 ? () => window.tellFirstRow() : look);
    };
    requestAnimationFrame(look);
  });
  bytes = 0;
  const before = performance.now();
  await page.goto(`${url}/services`, { waitUntil: 'commit' });
  // a page that never shows a row is an error and not a wait for ever
  const at = await Promise.race([shown, page.waitForEvent('close', { timeout: 30_000 })]);
  const sent = bytes;
  const answered = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation');
    return navigation.responseStart - navigation.startTime;
  });
  console.log(JSON.stringify({ ms: at - before, answered, bytes: sent }));
} finally {
  await browser.close();
}
