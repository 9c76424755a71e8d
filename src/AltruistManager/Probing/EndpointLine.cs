using AltruistManager.Altruists;

namespace AltruistManager.Probing;

/// <summary>The way to one endpoint for as long as it is held: connections that are nobody else's where it has credentials, and what of it must not be told.</summary>
internal sealed class EndpointLine(HttpMessageInvoker http, Altruist altruist, Action? release) : IDisposable
{
    private Action? release = release;

    /// <summary>Puts the credentials on each request by itself.</summary>
    public HttpMessageInvoker Http => http;

    public Redactor Redactor { get; } = new(altruist);

    public void Dispose() => Interlocked.Exchange(ref release, null)?.Invoke();
}
