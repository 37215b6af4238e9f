// Who may do what, as people meet it: signing in and out, accounts, a form that comes too late; with JavaScript and without.
import { made, PASSWORD } from '../harness/accounts.ts';
import { expect, test, type Page } from '../harness/test.ts';

test.use({ signedIn: false, tolerated: /status of (401|404|429)/ });

async function signIn(page: Page, name: string, password: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** A name of this project's own: both run against one server. */
const own = (name: string, live: boolean): string => `${name} ${live ? 'live' : 'plain'}`;

test('a page nobody may see leads to the login page and back', async ({ page, demo, javaScriptEnabled }) => {
  const name = own('Ann', javaScriptEnabled);
  await made(page, demo, name, 'viewer');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await page.goto('/services?q=auth-nats&sort=name');
  await expect(page).toHaveURL(/\/login\?to=/);
  await signIn(page, name, 'not the password');
  await expect(page.getByRole('alert')).toContainText('do not go together');
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue(name);
  await signIn(page, name, PASSWORD);
  await expect(page).toHaveURL(/\/services\?q=auth-nats&sort=name$/);
  await expect(page.locator('.reader')).toContainText(`${name} viewer`);
  // a viewer looks: what admins decide is not there
  await page.goto('/access');
  await expect(page.getByRole('heading', { level: 2, name: 'Your API tokens' })).toBeVisible();
  await expect(page.getByRole('heading', { level: 2, name: 'Accounts' })).toHaveCount(0);
});

test('the link of the demo signs in, and signing out ends it', async ({ page, demo }) => {
  await page.goto(demo.signIn);
  await expect(page.getByRole('navigation', { name: 'Pages', exact: true })).toBeVisible();
  await expect(page.locator('.reader')).toContainText('demo admin');
  const cookies = await page.context().cookies();
  expect(cookies.map(({ name, httpOnly, sameSite }) => ({ name, httpOnly, sameSite }))).toEqual([{ name: 'signalbox', httpOnly: true, sameSite: 'Lax' }]);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await page.context().addCookies(cookies); // somebody kept a copy
  await page.goto('/alarms');
  await expect(page).toHaveURL(/\/login/);
  await page.goto('/welcome/0000');
  await expect(page.getByRole('heading', { level: 1, name: 'This link leads nowhere' })).toBeVisible();
});

test('a token is shown once and can be withdrawn', async ({ page, demo, javaScriptEnabled }) => {
  const name = own('ci', javaScriptEnabled);
  await page.goto(`${demo.signIn}?to=/access`);
  await page.getByRole('textbox', { name: 'What it is for' }).fill(name);
  await page.getByRole('button', { name: 'Make a token' }).click();
  const token = await page.locator('#fresh code').innerText();
  const overview = () => fetch(`${demo.url}/api/v1/overview`, { headers: { authorization: `Bearer ${token}` } });
  expect((await overview()).status).toBe(200);
  await page.reload();
  await expect(page.locator('#fresh')).toHaveCount(0);
  await page.getByRole('button', { name: `Withdraw: ${name}` }).click();
  await expect(page.getByRole('button', { name: `Withdraw: ${name}` })).toHaveCount(0);
  expect((await overview()).status).toBe(401);
});

test('a form that came too late is sent again after signing in', async ({ page, demo, javaScriptEnabled }) => {
  const [name, alarm] = [own('Olga', javaScriptEnabled), 'quest-system-nats-cpu-high'];
  await made(page, demo, name, 'operator');
  await demo.order(`/alarms/${alarm}/state`, { state: 'ALARM' });
  await expect.poll(async () => (await demo.api<{ rows: { state: string }[] }>(`/alarms?q=${alarm}`)).rows[0]?.state, { timeout: 30_000 }).toBe('ALARM');
  await page.goto(`/alarms/production/${alarm}`);
  await page.getByRole('textbox', { name: /Why it may wait/ }).fill('known since ten');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await signIn(page, name, PASSWORD);
  await expect(page.getByText('This is what came too late')).toBeVisible();
  await expect(page.getByText('known since ten')).toBeVisible();
  await page.getByRole('button', { name: 'Send it' }).click();
  await expect(page.getByText(`Acknowledged by ${name}: known since ten`).first()).toBeVisible();
  await demo.order(`/alarms/${alarm}/state`, { state: 'OK' });
  await demo.settled();
});

test('the login page fits every width and asks for no script', async ({ page }) => {
  await page.goto('/nats');
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  }
  expect(await page.locator('script').count()).toBe(0);
});
