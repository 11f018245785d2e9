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
        4get.ca alltheinternet.com alltheweb.com alohafind.com altavista.com andisearch.com aol.com
        ask.com baidu.com bing.com bing.net brave.com coccoc.com customsearch.googleapis.com daum.net
        dogpile.com duck.com duckduckgo.com ecosia.org entireweb.com exa.ai exalead.com excite.com
        fireball.com frogfind.com gibiru.com gigablast.com haosou.com hotbot.com info.com infospace.com
        ixquick.com izito.com juniorsafesearch.com kagi.com kiddle.co kidrex.org kidssearch.com
        kidtopia.info kidzsearch.com lilo.org lycos.com mail.ru marginalia.nu metacrawler.com metager.de
        metager.org mojeek.com msn.com mwmbl.org naver.com oceanhero.today petalsearch.com presearch.com
        primaryschoolict.com priv.au qwant.com rambler.ru rightdao.com safesearchengine.com
        safesearchkids.com search.com searchencrypt.com searx.be searx.space seznam.cz shodan.io so.com
        sogou.com startpage.com stract.com swisscows.ch swisscows.com teoma.com tineye.com webcrawler.com
        wiby.me wiby.org wolframalpha.com www.googleapis.com ya.ru yacy.net yep.com yippy.com you.com
        zapmeta.com""",
    TRANSLATES: """
        apertium.org babelfish.com deepl.com fanyi.youdao.com freetranslation.com imtranslator.net
        itranslate.com linguee.com lingva.ml microsofttranslator.com mymemory.translated.net niutrans.com
        online-translator.com promt.com reverso.net simplytranslate.org systran.net
        translate-pa.googleapis.com translate.alibaba.com translate.com translate.goog
        translate.googleapis.com translate.ru translatetheweb.com turbopages.org worldlingo.com""",
    CACHES: """
        12ft.io ampproject.net ampproject.org archive-it.org archive.fo archive.is archive.li archive.md
        archive.org archive.ph archive.st archive.today archive.vn arquivo.pt bing-amp.com browshot.com
        cachedpages.com cachedview.com cachedview.nl cc.bingj.com conifer.rhizome.org freedium.cfd
        freezepage.com getpocket.com ghostarchive.org googleusercontent.com googleweblight.com
        instapaper.com megalodon.jp microlink.io outline.com page2images.com pdfcrowd.com pdfmyurl.com
        perma.cc printfriendly.com printwhatyoulike.com removepaywall.com removepaywalls.com
        replayweb.page s-shot.ru screenshotlayer.com screenshotmachine.com scribe.rip smry.ai textise.net
        thum.io timetravel.mementoweb.org txtify.it urlbox.io urlscan.io web2pdfconvert.com
        webarchive.loc.gov webarchive.nationalarchives.gov.uk webarchive.nla.gov.au webarchive.org.uk
        webcitation.org""",
    PROXIES: """
        4everproxy.com allorigins.win anonymouse.org api.codetabs.com atozproxy.com blockaway.net
        browser.lol browserling.com cors-anywhere.herokuapp.com cors.bridged.cc cors.eu.org cors.io
        cors.lol cors.sh corsfix.com corsproxy.io corsproxy.org crossorigin.me croxy.network
        croxyproxy.com embed.ly filterbypass.me fivefilters.org genmirror.com hide.me hidemyass.com
        hidester.com hma.com hyperbeam.com i0.wp.com i1.wp.com i2.wp.com i3.wp.com iframe.ly iframely.com
        images.weserv.nl jsonp.afeld.me kproxy.com linkpreview.net megaproxy.com onion.ly onion.ws
        opengraph.io proxfree.com proxyium.com proxysite.com r.jina.ai rss2json.com rsshub.app
        scraperapi.com slack-imgs.com thingproxy.freeboard.io titaniumnetwork.org tor2web.org
        torproject.org ultrasurf.us via.hypothes.is vpnbook.com webproxy.to whateverorigin.org whoer.net
        wsrv.nl yacdn.org zalmos.com zend2.com""",
    SOCIAL: """
        9gag.com aminoapps.com artstation.com ask.fm badoo.com beehaw.org behance.net bere.al bereal.com
        bsky.app bsky.social bumble.com c.im cdninstagram.com clubhouse.com cohost.org deviantart.com
        disqus.com disquscdn.com douban.com douyin.com dreamwidth.org facebook.com facebook.net fb.com
        fb.me fb.watch fbcdn.net fbsbx.com flickr.com fosstodon.org furaffinity.net gab.com gettr.com
        grindr.com hachyderm.io hi5.com imgur.com infosec.exchange instagram.com kbin.social kuaishou.com
        lemmy.world lemon8-app.com licdn.com linkedin.com livejournal.com mas.to mastodon.online
        mastodon.social medium.com meetme.com mewe.com minds.com mixi.jp mstdn.jp mstdn.party mstdn.social
        myspace.com nextdoor.co.uk nextdoor.com ngl.link nitter.net odnoklassniki.ru ok.ru okcupid.com
        onlyfans.com parler.com pawoo.net pinimg.com pinterest.co.uk pinterest.com pixiv.net plurk.com
        pof.com quora.com redd.it reddit.com redditmedia.com redditstatic.com skout.com snapchat.com
        substack.com tagged.com techhub.social tellonym.me threads.com threads.net tinder.com
        truthsocial.com tumblr.com twimg.com twitter.com universeodon.com userapi.com vk.com vk.me vk.ru
        vkontakte.ru vsco.co wattpad.com weheartit.com weibo.com x.com xiaohongshu.com yikyak.com
        yubo.live zhihu.com""",
    CHAT: """
        azarlive.com bazoocam.org camsurf.com chatango.com chatib.us chatrandom.com chatroulette.com
        coomeet.com crisp.chat discord.com discord.gg discord.media discordapp.com discordapp.net
        element.io emeraldchat.com facetime.apple.com gitter.im gmail.com groupme.com icq.com imo.im
        intercom.io kakao.com kik.com kik.me kiwiirc.com libera.chat line.me livechatinc.com m.me
        matrix.to meet.jit.si messenger.com mibbit.com monkey.app olark.com ome.tv omegle.com ometv.com
        outlook.com outlook.live.com paltalk.com proton.me protonmail.com qq.com rocket.chat shagle.com
        signal.me signal.org skype.com slack.com smartsupp.com t.me tawk.to teams.live.com
        teams.microsoft.com telegram.dog telegram.me telegram.org threema.ch tinychat.com viber.com wa.me
        webex.com wechat.com whatsapp.com whatsapp.net whereby.com wire.com zalo.me zello.com zoom.us
        zopim.com zulip.com zulipchat.com""",
    VIDEO: """
        audiomack.com bandcamp.com bigo.tv bilibili.com bitchute.com brighteon.com d.tube dailymotion.com
        dlive.tv dmcdn.net framatube.org giphy.com googlevideo.com inv.nadeko.net iqiyi.com ixigua.com
        jtvnw.net kick.com kwai.com lbry.tv likee.video liveleak.com liveme.com metacafe.com mixcloud.com
        niconico.com nicovideo.jp odysee.com piped.video redgifs.com rumble.com rutube.ru sndcdn.com
        soundcloud.com spotify.com streamable.com tango.me tenor.com tiktok.com tiktokcdn-us.com
        tiktokcdn.com tiktokv.com triller.co trovo.live ttvnw.net twitch.tv veoh.com vimeo.com
        vimeocdn.com vkvideo.ru yewtu.be youku.com younow.com youtu.be youtube-nocookie.com youtube.com
        youtube.googleapis.com youtubekids.com ytimg.com""",
    GAMES: """
        agar.io epicgames.com fortnite.com gaiaonline.com habbo.com imvu.com kogama.com krunker.io
        moviestarplanet.com newgrounds.com rbxcdn.com recroom.com roblox.com secondlife.com shellshock.io
        slither.io steamcommunity.com steampowered.com vrchat.com""",
    ASKS: """
        ai.com anthropic.com blackbox.ai brainly.com candy.ai character.ai chat.com chatglm.cn chatgpt.com
        civitai.com claude.ai cleverbot.com cohere.com copilot.com copilot.microsoft.com craiyon.com
        crushon.ai deepseek.com doubao.com duck.ai felo.ai gemini.google genspark.ai grok.com groq.com
        huggingface.co iask.ai ideogram.ai janitorai.com kimi.com komo.ai kuki.ai labs.google leonardo.ai
        lexica.art manus.im meta.ai midjourney.com mistral.ai monica.im nightcafe.studio notebooklm.google
        openai.com openrouter.ai perplexity.ai phind.com pi.ai poe.com polybuzz.ai qwen.ai replika.com
        runwayml.com simsimi.com sora.com spicychat.ai stability.ai suno.com talkie-ai.com together.ai
        tongyi.com udio.com x.ai yuanbao.tencent.com""",
    SHORTENS: """
        1drv.ms adf.ly adfoc.us allmylinks.com amzn.to anon.to b.link bc.vc beacons.ai bio.link bit.do
        bit.ly bitly.com bitly.kr bl.ink buff.ly campsite.bio chilp.it clck.ru cutt.ly da.gd dereferer.me
        dlvr.it dub.sh dwz.cn forms.gle g.co gg.gg goo.gl goo.su han.gl href.li ift.tt is.gd ity.im j.mp
        kutt.it linkin.bio linktr.ee linkvertise.com lnk.bio lnkd.in mcaf.ee me-qr.com me2.do n9.cl
        naver.me ouo.io ow.ly po.st q.gs qr.ae qrco.de rb.gy rebrand.ly s.id sh.st short.io shorte.st
        shorturl.at shorturl.com smarturl.it snip.ly solo.to soo.gd suo.im surl.li t.cn t.co t.ly
        taplink.cc tiny.cc tiny.one tiny.pl tinylink.net tinyurl.com tny.im trib.al u.to ur1.ca url.cn
        urldefense.com urldefense.proofpoint.com urlz.fr v.gd vk.cc vo.la x.gd""",
    HOSTS: """
        0x0.st 1fichier.com 4chan.org 4shared.com 500px.com 8chan.moe 8kun.top angelfire.com anyflip.com
        archiveofourown.org arweave.net bitbucket.org box.com calameo.com catbox.moe cdn.skypack.dev
        cdn.statically.io cf-ipfs.com cloudflare-ipfs.com codeberg.org codepen.io codesandbox.io
        controlc.com csb.app docdroid.net dpaste.com dpaste.org dropbox.com dropboxusercontent.com esm.run
        esm.sh evernote.com fandom.com fanfiction.net file.io filebin.net firebasestorage.googleapis.com
        flipboard.com flipsnack.com fromsmash.com ga.jspm.io gitcdn.link gitee.com githack.com github.com
        githubusercontent.com gitlab.com glitch.com glitch.me gofile.io gyazo.com hastebin.com ibb.co
        icloud.com imagebam.com imageshack.com imgbb.com imgbox.com ipfs.io ipfs.tech issuu.com jsbin.com
        jsdelivr.com jsdelivr.net jsfiddle.net jspm.dev justpaste.it krakenfiles.com liveweave.com
        mediafire.com mega.co.nz mega.io mega.nz miraheze.org neocities.org nftstorage.link notion.so
        observablehq.com onedrive.com onedrive.live.com padlet.com paper.li paste.ee paste.rs pastebin.com
        pastebin.pl pcloud.com pdfhost.io pearltrees.com photobucket.com pinata.cloud pixeldrain.com
        playcode.io plnkr.co postimages.org postimg.cc prezi.com privatebin.net prnt.sc prntscr.com
        rapidgator.net raw.gitmirror.com rawgit.com rentry.co replit.com runkit.com scoop.it scribd.com
        sendspace.com slideshare.net sourceforge.net sr.ht stackblitz.com storage.googleapis.com
        telegra.ph terabox.com termbin.com transfer.sh tripod.com ufile.io unpkg.com w3s.link wakelet.com
        we.tl webcontainer.io wetransfer.com wikia.com wikidot.com workupload.com wormhole.app write.as
        yumpu.com""",
}

REOPENING = {host: reason for reason, hosts in _HOSTS.items() for host in hosts.split()}

_INSIDE = {host.split(".", n)[-1]: host for host in REOPENING for n in range(1, host.count("."))}
"""What a star would take in: for each name above one in the table, one that it is above of."""

ANY_ENDING = {
    "google": SEARCH,
    "yahoo": SEARCH,
    "yandex": SEARCH,
    "searx": SEARCH,
    "croxyproxy": PROXIES,
    "proxysite": PROXIES,
    "searxng": SEARCH,
    "invidious": VIDEO,
    "peertube": VIDEO,
    "libretranslate": TRANSLATES,
    "brainly": ASKS,
    "lemmy": SOCIAL,
    "mastodon": SOCIAL,
    "misskey": SOCIAL,
    "nitter": SOCIAL,
    "omegle": CHAT,
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
