using System.Security.Cryptography;

namespace AltruistManager.Web.Ui;

/// <param name="Path">With the hash of its content, so that it can be cached for ever.</param>
internal sealed record SiteFile(string Path, string ContentType, byte[] Content);

/// <summary>What the pages load besides themselves. Few and small, so they are held in memory.</summary>
internal sealed class SiteFiles(IWebHostEnvironment environment)
{
    public SiteFile Style { get; } = Read(environment, "css/site.css", "text/css; charset=utf-8");

    public SiteFile Icon { get; } = Read(environment, "img/icon.svg", "image/svg+xml");

    public void Map(IEndpointRouteBuilder app)
    {
        foreach (var file in new[] { Style, Icon })
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
        return new SiteFile($"/{path}?v={Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 6))}", contentType, content);
    }
}
