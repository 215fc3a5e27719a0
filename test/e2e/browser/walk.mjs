// walk.mjs BASE [SHOTS] - what a citizen does in a browser, without and with scripts, in both languages; each page is looked at
// by axe-core, at 1280, 375 and 320 pixels, light and dark, and may load nothing from elsewhere. SHOTS: a folder for pictures.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [base, shots] = process.argv.slice(2);
const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
let wrong = 0;
const check = (holds, text) => {
	if (!holds) {
		wrong++;
		console.log(`WRONG: ${text}`);
	}
};

const browser = await chromium.launch({
	executablePath: '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});

const watched = async (options) => {
	const context = await browser.newContext({ locale: 'de-DE', ...options });
	const page = await context.newPage();
	page.on('console', (message) => check(message.type() !== 'error' || /404/.test(message.text()), message.text()));
	page.on('request', (request) => check(request.url().startsWith(base) || request.url().startsWith('data:'),
		`${request.url()} is loaded from elsewhere`));
	page.on('dialog', () => check(false, 'something foreign runs'));
	return { context, page };
};

const look = async (page, name) => {
	const found = await page.evaluate(`${axe}; axe.run()`);
	for (const one of found.violations)
		check(false, `${name}: ${one.id} (${one.impact}): ${one.nodes[0].html.slice(0, 200)}`);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	check(wide <= 0, `${name} scrolls sideways by ${wide} pixels`);
};

// find, read, download: without a script
{
	const { context, page } = await watched({ javaScriptEnabled: false, acceptDownloads: true });
	await page.goto(base);
	await page.getByLabel('Datensätze suchen').fill('plaetze');
	await page.getByRole('button', { name: 'Suchen' }).click();
	await page.getByRole('link', { name: /Plätze/ }).first().click();
	check(await page.getByText('Zeilen 1 bis 50').count() === 1, 'the first rows are not shown');
	await page.getByRole('link', { name: 'Weiter' }).click();
	check(await page.getByText('Zeilen 51 bis 100').count() === 1, 'the next rows are not shown');
	const [download] = await Promise.all([page.waitForEvent('download'),
		page.getByRole('link', { name: 't.csv', exact: true }).click({ modifiers: ['Alt'] }).catch(() => {})]);
	check(download.suggestedFilename() === 't.csv', `the file is called ${download.suggestedFilename()}`);
	await context.close();
}

// with the keyboard alone
{
	const { context, page } = await watched({});
	await page.goto(base);
	await page.keyboard.press('Tab');
	check(await page.evaluate(() => document.activeElement.className) === 'skip', 'the way to the content is not first');
	await page.keyboard.press('Enter');
	for (let i = 0; i < 20 && await page.evaluate(() => document.activeElement.id) !== 'q'; i++)
		await page.keyboard.press('Tab');
	await page.keyboard.type('plätze');
	await page.keyboard.press('Enter');
	await page.waitForURL(/q=/);
	check(await page.getByRole('link', { name: /Plätze/ }).count() > 0, 'nothing is found by the keyboard');
	await context.close();
}

// every page, in each width and light
const pages = { catalogue: '/', nothing: '/?q=xyzzy', dataset: '/d/meissen/kita/plaetze', absent: '/d/meissen/nirgends', maps: '/ogc?f=html' };
for (const [name, path] of Object.entries(pages))
	for (const width of [1280, 375, 320])
		for (const colorScheme of ['light', 'dark']) {
			const { context, page } = await watched({ viewport: { width, height: 900 }, colorScheme });
			await page.goto(base + path);
			await look(page, `${name} at ${width}, ${colorScheme}`);
			if (shots && width !== 320)
				await page.screenshot({ path: `${shots}/${name}-${width}-${colorScheme}.png`, fullPage: true });
			await context.close();
		}
await browser.close();
process.exit(wrong ? 1 : 0);
