using System.Security.Cryptography;

namespace AltruistManager.Web.Ui;

/// <summary>Where the style sheet is, named by its content, so that it can be cached for ever.</summary>
internal sealed class SiteStyle
{
    public SiteStyle(IWebHostEnvironment environment)
    {
        using var style = environment.WebRootFileProvider.GetFileInfo("css/site.css").CreateReadStream();
        Path = $"/css/site.css?v={Convert.ToHexStringLower(SHA256.HashData(style).AsSpan(0, 6))}";
    }

    public string Path { get; }
}
