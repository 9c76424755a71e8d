using System.Security.Cryptography;
using System.Text;

namespace AltruistManager.Web.Ui;

/// <param name="Path">With the hash of its content, so that it can be cached for ever.</param>
internal sealed record SiteFile(string Path, string ContentType, byte[] Content)
{
    public static SiteFile Of(string path, string contentType, byte[] content) =>
        new($"/{path}?v={Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 6))}", contentType, content);
}

/// <summary>What the pages load besides themselves. Few, so they are held in memory.</summary>
internal sealed class SiteFiles
{
    private const string Css = "text/css; charset=utf-8";
    private const string Script = "text/javascript; charset=utf-8";

    public SiteFiles(IWebHostEnvironment environment)
    {
        Style = Read(environment, "css/site.css", Css);
        Icon = Read(environment, "img/icon.svg", "image/svg+xml");
        Passkeys = Read(environment, "js/passkeys.js", Script);
        ConsoleStyle = Read(environment, "css/console.css", Css);
        ConsoleScript = Read(environment, "js/blazor.web.js", Script);
        ZoneScript = Read(environment, "js/zone.js", Script);
        KitScript = Read(environment, "kit/Radzen.Blazor.min.js", Script);
        KitContrast = Read(environment, "kit/standard-wcag.css", Css);
        KitFont = Read(environment, "kit/MaterialSymbolsOutlined.woff2", "font/woff2");
        // The one font it uses for its signs, by the address under which it is served; ours is the font of the text.
        var kit = Encoding.UTF8.GetString(Read(environment, "kit/standard-base.css", Css).Content);
        KitStyle = SiteFile.Of("kit/standard-base.css", Css, Encoding.UTF8.GetBytes(kit.Replace("../fonts/MaterialSymbolsOutlined.woff2", KitFont.Path, StringComparison.Ordinal)));
    }

    public SiteFile Style { get; }

    public SiteFile Icon { get; }

    /// <summary>Of the consoles, beside <see cref="Style"/>: their layout, and the UI kit in our colours.</summary>
    public SiteFile ConsoleStyle { get; }

    /// <summary>Keeps an interactive page and the server together.</summary>
    public SiteFile ConsoleScript { get; }

    /// <inheritdoc cref="ReaderZone"/>
    public SiteFile ZoneScript { get; }

    public SiteFile KitStyle { get; }

    /// <summary>Colours of the kit with more contrast.</summary>
    public SiteFile KitContrast { get; }

    public SiteFile KitScript { get; }

    public SiteFile KitFont { get; }

    /// <summary>Of the pages where passkeys are asked for.</summary>
    public SiteFile Passkeys { get; }

    public void Map(IEndpointRouteBuilder app)
    {
        foreach (var file in new[] { Style, Icon, ConsoleStyle, ConsoleScript, ZoneScript, KitStyle, KitContrast, KitScript, KitFont, Passkeys })
        {
            app.MapGet(file.Path[..file.Path.IndexOf('?')], (HttpContext context) =>
            {
                context.Response.Headers.XContentTypeOptions = "nosniff";
                context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
                return TypedResults.Bytes(file.Content, file.ContentType);
            }).AllowAnonymous().ExcludeFromDescription();
        }
    }

    private static SiteFile Read(IWebHostEnvironment environment, string path, string contentType)
    {
        using var stream = environment.WebRootFileProvider.GetFileInfo(path).CreateReadStream();
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return SiteFile.Of(path, contentType, content);
    }
}
