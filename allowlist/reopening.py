"""Hosts that reopen the web: one of them on the list and the list is worth nothing (S10).

A search engine, translator, cache, archive or proxy shows other sites under its own name; a chat, a social
network or a shortener leads to people and places nobody checked; a host of anybody's files holds anything.
The table is data, kept sorted; it is checked against pages and needs alike, subdomains included.
"""

from __future__ import annotations

from allowlist.patterns import Authority, is_public_suffix

SEARCH = "is a search engine: any page can be found through it"
TRANSLATES = "is a translator: it shows any site under its own name"
CACHES = "shows copies of any site under its own name"
PROXIES = "is a proxy: it fetches any site"
SOCIAL = "is a social network: strangers write what it shows"
CHAT = "is for chatting with people who are not here"
VIDEO = "plays what strangers upload, and suggests more"
GAMES = "is for playing and talking with strangers"
ASKS = "answers anything, in words nobody has checked"
SHORTENS = "leads to any site by a short name"
HOSTS = "shows what anybody puts there"

_HOSTS = {
    SEARCH: """
        alohafind.com aol.com ask.com baidu.com bing.com brave.com customsearch.googleapis.com daum.net
        dogpile.com duck.com duckduckgo.com ecosia.org excite.com gibiru.com gigablast.com info.com
        ixquick.com juniorsafesearch.com kagi.com kiddle.co kidrex.org kidssearch.com kidtopia.info
        kidzsearch.com lilo.org lycos.com marginalia.nu metacrawler.com metager.de metager.org mojeek.com
        msn.com naver.com oceanhero.today presearch.com primaryschoolict.com qwant.com rambler.ru
        safesearchengine.com safesearchkids.com search.com searchencrypt.com searx.be searx.space seznam.cz
        shodan.io so.com sogou.com startpage.com swisscows.com tineye.com webcrawler.com wolframalpha.com
        www.googleapis.com yep.com yippy.com you.com""",
    TRANSLATES: """
        deepl.com freetranslation.com itranslate.com linguee.com microsofttranslator.com promt.com
        reverso.net systran.net translate-pa.googleapis.com translate.alibaba.com translate.com
        translate.goog translate.googleapis.com translatetheweb.com worldlingo.com""",
    CACHES: """
        12ft.io ampproject.net ampproject.org archive.fo archive.is archive.li archive.md archive.org
        archive.ph archive.st archive.today archive.vn arquivo.pt bing-amp.com cachedview.com cachedview.nl
        cc.bingj.com freezepage.com ghostarchive.org googleusercontent.com googleweblight.com megalodon.jp
        outline.com pdfmyurl.com perma.cc printfriendly.com smry.ai textise.net timetravel.mementoweb.org
        txtify.it web2pdfconvert.com webarchive.nationalarchives.gov.uk webarchive.org.uk
        webcitation.org""",
    PROXIES: """
        4everproxy.com allorigins.win api.codetabs.com blockaway.net browserling.com
        cors-anywhere.herokuapp.com cors.sh corsproxy.io croxy.network croxyproxy.com embed.ly
        filterbypass.me hide.me hidemyass.com hidester.com hma.com i0.wp.com i1.wp.com i2.wp.com i3.wp.com
        images.weserv.nl kproxy.com onion.ly onion.ws proxfree.com proxyium.com proxysite.com r.jina.ai
        scraperapi.com thingproxy.freeboard.io tor2web.org torproject.org ultrasurf.us via.hypothes.is
        vpnbook.com whateverorigin.org wsrv.nl""",
    SOCIAL: """
        9gag.com ask.fm badoo.com bere.al bereal.com bsky.app bsky.social clubhouse.com deviantart.com
        douyin.com facebook.com fb.com fb.me fb.watch flickr.com gab.com gettr.com imgur.com instagram.com
        kuaishou.com lemmy.world lemon8-app.com linkedin.com livejournal.com mastodon.online mastodon.social
        medium.com mewe.com minds.com myspace.com nextdoor.co.uk nextdoor.com ngl.link ok.ru parler.com
        pinterest.co.uk pinterest.com quora.com redd.it reddit.com snapchat.com substack.com tellonym.me
        threads.com threads.net truthsocial.com tumblr.com twitter.com vk.com vk.ru vsco.co wattpad.com
        weheartit.com weibo.com x.com xiaohongshu.com yikyak.com yubo.live""",
    CHAT: """
        chatroulette.com discord.com discord.gg discordapp.com discordapp.net element.io emeraldchat.com
        facetime.apple.com gitter.im groupme.com icq.com kik.com kik.me line.me m.me matrix.to meet.jit.si
        messenger.com ome.tv omegle.com ometv.com qq.com signal.me signal.org skype.com slack.com t.me
        teams.live.com teams.microsoft.com telegram.dog telegram.me telegram.org viber.com wa.me webex.com
        wechat.com whatsapp.com whatsapp.net whereby.com wire.com zoom.us""",
    VIDEO: """
        bilibili.com bitchute.com dailymotion.com kick.com niconico.com nicovideo.jp odysee.com rumble.com
        soundcloud.com spotify.com tiktok.com tiktokv.com twitch.tv vimeo.com yewtu.be youku.com youtu.be
        youtube-nocookie.com youtube.com youtube.googleapis.com youtubekids.com""",
    GAMES: """
        fortnite.com roblox.com steamcommunity.com steampowered.com""",
    ASKS: """
        character.ai chatgpt.com claude.ai copilot.com copilot.microsoft.com deepseek.com doubao.com duck.ai
        gemini.google grok.com huggingface.co janitorai.com kimi.com manus.im meta.ai mistral.ai openai.com
        perplexity.ai phind.com pi.ai poe.com qwen.ai replika.com x.ai""",
    SHORTENS: """
        1drv.ms adf.ly amzn.to b.link bit.do bit.ly bl.ink buff.ly clck.ru cutt.ly dub.sh forms.gle g.co
        goo.gl is.gd j.mp linktr.ee lnk.bio lnkd.in n9.cl ow.ly qr.ae rb.gy rebrand.ly s.id short.io
        shorturl.at soo.gd surl.li t.co t.ly tiny.cc tiny.one tinyurl.com urlz.fr v.gd vk.cc""",
    HOSTS: """
        0x0.st 4chan.org 8chan.moe catbox.moe cdn.skypack.dev cdn.statically.io cloudflare-ipfs.com
        codepen.io codesandbox.io dropbox.com dropboxusercontent.com esm.run esm.sh fandom.com
        firebasestorage.googleapis.com ga.jspm.io gitcdn.link githack.com github.com githubusercontent.com
        gitlab.com glitch.com glitch.me hastebin.com ipfs.io ipfs.tech jsbin.com jsdelivr.net jsfiddle.net
        jspm.dev justpaste.it mediafire.com mega.nz neocities.org onedrive.live.com padlet.com paste.ee
        pastebin.com rawgit.com rentry.co replit.com stackblitz.com storage.googleapis.com telegra.ph
        unpkg.com wetransfer.com wikia.com""",
}

REOPENING = {host: reason for reason, hosts in _HOSTS.items() for host in hosts.split()}

_INSIDE = {host.split(".", n)[-1]: host for host in REOPENING for n in range(1, host.count("."))}
"""What a star would take in: for each name above one in the table, one that it is above of."""

ANY_ENDING = {
    "google": SEARCH,
    "yahoo": SEARCH,
    "yandex": SEARCH,
    "searx": SEARCH,
    "invidious": VIDEO,
    "libretranslate": TRANSLATES,
    "pinterest": SOCIAL,
}
"""Names that are registered under many endings: google.com, google.co.uk, …"""

ONE_USE = frozenset({"ajax.googleapis.com", "fonts.googleapis.com", "fonts.gstatic.com"})
"""Hosts that serve one harmless thing, though their family is in the table."""


def why_it_reopens(at: Authority) -> str:
    """The reason why `at` must not be listed, as a sentence without its subject, or ""."""
    host = at.host
    if host in ONE_USE and not at.wild:
        return ""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        if reason := REOPENING.get(".".join(labels[start:])):
            return reason
        if (reason := ANY_ENDING.get(labels[start])) and is_public_suffix(".".join(labels[start + 1 :])):
            return reason
    if at.wild and (inside := _INSIDE.get(host)):
        return f"includes {inside}, which {REOPENING[inside]}"
    return ""
