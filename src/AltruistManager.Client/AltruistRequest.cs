namespace AltruistManager.Client;

/// <summary>A JSON-RPC request for a chain, to be sent by a client with an <see cref="AltruistHandler"/>.</summary>
public sealed class AltruistRequest : HttpRequestMessage
{
    private static readonly Uri Placeholder = new($"http://{AltruistHandler.Host}/");

    /// <summary>Makes a request.</summary>
    /// <param name="chain">Id or alias.</param>
    /// <param name="content">JSON-RPC.</param>
    public AltruistRequest(string chain, HttpContent content)
        : base(HttpMethod.Post, Placeholder)
    {
        ArgumentNullException.ThrowIfNull(chain);
        Chain = chain;
        Content = content;
    }

    /// <summary>Id or alias.</summary>
    public string Chain { get; }

    /// <summary>Why it goes to an altruist, for the reports, as in <see cref="RelayReports.CountFallback"/>; need not be given.</summary>
    public string? FallbackReason { get; init; }
}
