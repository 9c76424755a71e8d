namespace AltruistManager.Web;

/// <summary>
/// Compresses what is made for each caller: pages, lists, the description. What many get and is tagged by its bytes, selections and entries of the log, comes
/// compressed from where it is made; a stream must not be held back.
/// </summary>
internal static class Compression
{
    private static readonly PathString[] Ready = ["/api/v1/selections", "/api/v1/transparency", "/healthz"];

    /// <summary>Also over TLS: no answer holds a secret beside something that another site could put into it.</summary>
    public static IServiceCollection AddCompression(this IServiceCollection services) => services.AddResponseCompression(static compression => compression.EnableForHttps = true);

    public static void UseCompression(this WebApplication app) => app.UseWhen(
        static context => !Array.Exists(Ready, path => context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal)),
        static others => others.UseResponseCompression());
}
